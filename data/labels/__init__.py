"""The parts of data.tagged and data.utterances: spans, blocks of lines, slots in text."""
