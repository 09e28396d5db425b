// What is wired where: the configuration that the firmware under test was compiled with.
#pragma once

#define NOT_FITTED 255
#define OPENS 1
#define CLOSES 0
#define HIGH 1
#define LOW 0

#ifdef CONFIG
#include CONFIG
#else
#include "../barrier/config.h"
#endif
