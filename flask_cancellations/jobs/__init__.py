"""What runs without a request: sending messages, carrying out money, tidying up."""
