// Entry point: each module adds one feature; pages work without JavaScript.
import "./time.js";
import "./panels.js";
import "./live.js";
import "./dialog.js";
import "./forms.js";
import "./optimistic.js";
import "./drafts.js";
import "./note_draft.js";
import "./copy.js";
import "./shortcuts.js";
import "./select.js";
import "./settings.js";
import "./keep_offline.js";
import "./editor.js";
import "./whys.js";
import "./attach.js";
