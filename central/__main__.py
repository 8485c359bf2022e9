"""`python -m central` is `conserje-central`."""

from central.cli import main

main()
