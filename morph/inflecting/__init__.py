"""The parts of morph.rules and morph.inflect: affixes, analogies, cells, calibration, look-up."""
