"""Appointment cancellations for Flask clinics."""
