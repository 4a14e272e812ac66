"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required, login_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired

from .extensions import db, login_manager
from .links import way_back
from .models import Account

blueprint = Blueprint("auth", __name__)
login_manager.login_view = "auth.login"
login_manager.login_message = _l("Please sign in to go on.")

# Checked when the address is unknown, so that the answer takes as long as for a known one.
_NOBODY = generate_password_hash("nobody")


class LoginForm(FlaskForm):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), [DataRequired(_l("Enter your password."))])


@login_manager.user_loader
def load_account(account_id: str) -> Account | None:
    return db.session.get(Account, int(account_id)) if account_id.isdecimal() else None


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response | tuple[str, int] | str:
    if current_user.is_authenticated:
        return redirect(way_back())
    form = LoginForm()
    if not form.is_submitted():
        return _page(form)
    if not form.validate():
        return _page(form), 422
    account = db.session.scalar(select(Account).filter_by(email=(form.email.data or "").strip().lower()))
    password = form.password.data or ""
    if account is None:
        check_password_hash(_NOBODY, password)
    if account is None or not account.has_password(password):
        form.password.errors = [_l("The e-mail address or the password is wrong.")]
        return _page(form), 422
    login_user(account)
    return redirect(way_back(), 303)


@blueprint.post("/logout")
@login_required
def logout() -> Response:
    logout_user()
    return redirect(url_for("auth.login"), 303)


def _page(form: LoginForm) -> str:
    accounts = (
        list(db.session.scalars(select(Account).order_by(Account.id))) if current_app.config["DEMO_CLOCK"] else []
    )
    return render_template("login.html", form=form, accounts=accounts)
