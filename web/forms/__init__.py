"""Settings pages: each is one row of a table, and all of them are shown and sent in one way.

`pages.PAGES` is the table, `rows` its types. A row names the method that its form is sent to and
the fields; input element, limits, unit and choices of a field follow from its type in `msgs`
(`widgets`). Values are checked by the node that serves the method alone: `typed` makes plain values
of what was typed, and what cannot be read as a number is sent as text and refused there. Problems
come back by key and stand at their field (`views`).

A new setting with its page is a field in `msgs/settings.py` and a row, or a `Field` in a row.

To walk the table in a test: for each page of `PAGES`, its address is `page.path`; each of
`page.fields` has an input element named `field.key`, with the id `id_of(field.key)`; the note of a
wrong value has the id `id_of(field.key) + "-wrong"`.
"""
