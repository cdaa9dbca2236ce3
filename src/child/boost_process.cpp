// Boost.Process v2, compiled once: used header-only, Boost 1.81 leaves a symbol undefined.
#include <boost/asio/detail/throw_error.hpp>  // 1.81 forgets it
#include <boost/process/v2/src.hpp>
