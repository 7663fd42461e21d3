"""The pages, by resource; each module's `pages` is a blueprint and its stem is the API's."""
