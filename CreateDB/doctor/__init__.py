"""--doctor: examines settings, database, mail and this machine; each finding has a verdict and says what to do."""
