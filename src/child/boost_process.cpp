// Boost.Process v2, compiled once: used header-only, Boost 1.81 leaves a symbol undefined.
#include <boost/process/v2/src.hpp>
