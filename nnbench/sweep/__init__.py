"""Many runs from one command: which ones (`axes`), how (`pool`), and everything around them (`session`)."""
