"""Learning from users: what they said instead, when the first time did not work.

Where an assistant misunderstands, people say it another way until it works or they give up. Those
sessions are a graph of requests, and the absorbing Markov chain on it says where somebody who says
this mostly ends (Ponnusamy et al. 2020, https://arxiv.org/abs/1911.02557). A request that fails
mostly is then rewritten, in front of the model, into the one that works.

sessions.py   turns of sessions, read and cut into paths
counts.py     what paths count: sums that many files add to, in any order the same
chain.py      where a request ends: absorption probabilities, a component at a time
rewrites.py   what is rewritten into what: evidence, guardrails, rollback, look-up
simulation.py users who rephrase, with planted truth; trial.py: on unseen users
"""
