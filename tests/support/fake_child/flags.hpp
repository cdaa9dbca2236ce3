// The flags that the program was started with: --NAME or --NAME=VALUE.
#pragma once

#include <string>

namespace fake {

void read_flags(int argc, char** argv);
bool has(const char* name);
std::string text_of(const char* name);  // empty when there is none
int number_of(const char* name, int otherwise);

}  // namespace fake
