// Who this controller says it is.
#pragma once

#define PROTOCOL_VERSION "1"
#define FIRMWARE_VERSION "0.1.0"
