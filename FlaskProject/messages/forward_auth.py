"""What people read who came for a page of another application, behind a proxy that asks us."""

FORWARD_AUTH: dict[str, str] = {
    "step_up.lead": "The page you asked for wants your second factor, too. After that we bring you back to it.",
    "step_up.none.title": "This page wants a second factor",
    "step_up.none.lead": "Your account has none yet. Once you have set one up, Security leads you back to the page.",
    "step_up.none.set_up": "Set up a second factor",
    "step_up.back": "Go back to the page you came for",
    "verify.passed": "Signed in.",
    "verify.signed_out": "You are signed out. Sign in, in another tab if you have typed something here, and try again.",
    "verify.role": "Your account has not the role that this is for.",
    "verify.factor": "This wants your second factor, too: open it as a page of its own.",
    "verify.unavailable": "We cannot look up who you are right now. Please try again in a moment.",
}
