"""How containers start: which waits for which, what is probed, how long it may take."""
