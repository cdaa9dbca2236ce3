// What nearly every file needs; only headers that any floor may include.
#pragma once

#include <boost/asio.hpp>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <vector>
