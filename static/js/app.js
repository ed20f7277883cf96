// One small module per behaviour; each listens on the document, so what htmx swaps in works without being wired up.
import "./menus.js";
import "./dialogs.js";
import "./drawer.js";
import "./list.js";
import "./selection.js";
import "./keys.js";
import "./network.js";
import "./toasts.js";
import "./forms.js";
import "./session.js";
import "./times.js";
import "./countdown.js";
import "./copy.js";
import "./passwords.js";
