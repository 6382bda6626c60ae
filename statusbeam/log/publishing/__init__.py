"""What a publisher does with a payload: let in, commit, see who watches, push."""
