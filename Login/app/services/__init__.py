"""What happens: decisions about accounts, sessions and factors, without HTTP."""
