"""Where notes are found in a sound: spectra, what each voice looks like in them, the best fit."""
