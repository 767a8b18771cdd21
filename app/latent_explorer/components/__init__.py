"""Browser components of the app, one folder each: the Python that packs the data, the ES modules that draw it, their style sheet and tests.

The browser loads `index.js` of a folder, which imports its neighbours and what lies in `shared/`, as it stands: nothing is built, and
nothing comes from another host. `app/package.json` names what checks and tests the JavaScript.
"""
