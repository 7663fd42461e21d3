"""Other services that may ask the API whose a token is; what they are told, the API decides."""
