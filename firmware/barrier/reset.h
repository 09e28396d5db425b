// Why the controller has started.
#pragma once

// As it stands in HELLO: power, external, watchdog, brownout, or none where nobody can tell.
const char* resetCause();
