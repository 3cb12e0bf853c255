"""The auditor: proves every few minutes that every open clock has its reminder waiting and that all due ones ran.

`checks` look by sets, `repairs` write anew what is missing, `rounds` keeps what was found, `proof` tells it daily.
It trusts nothing the verbs say: it compares what stands in the tables with what should stand there.
"""
