"""What a trained model owes people: audits that attack what we trained."""
