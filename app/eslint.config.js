import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { languageOptions: { globals: globals.browser } },
  {
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      "no-implicit-coercion": "error",
      "no-restricted-properties": [
        "error",
        { object: "Object", property: "assign", message: "State is declared: give each field its own line." },
      ],
      "max-lines": ["error", 420],
    },
  },
  {
    files: ["*.js", "**/*.test.js"],
    languageOptions: { globals: globals.node },
    rules: { "no-restricted-properties": "off" },
  },
];
