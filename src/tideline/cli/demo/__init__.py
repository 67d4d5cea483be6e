"""The demo: a made market behind real venue formats, collected and read like any other.

command · played            what is asked, and what came of it
past · stage                the store and its history; everything wired
servers · venue_process     the venues on loopback, and the process they live in
showing                     what is put on the screen
"""
