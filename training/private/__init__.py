"""Private training: what the model holds of any one person is bounded (DP-SGD), at little cost."""
