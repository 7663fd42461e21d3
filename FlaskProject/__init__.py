"""The web pages of the suite; this file makes Flask's loader import them as FlaskProject.app, from any folder."""
