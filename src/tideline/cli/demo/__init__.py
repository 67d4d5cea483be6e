"""The demo: a made market behind real venue formats, collected and read like any other.

command · stage · servers · showing      what is asked, wired, served, and put on the screen
"""
