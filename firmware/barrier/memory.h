// What outlives a reset, as long as the power stays: where the boom was.
#pragma once

#include "boom.h"

void remember(Position position);

// Where the boom was, or Unknown after the power was away.
Position recall();
