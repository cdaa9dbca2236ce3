// The parts of Asio, Beast and Boost.Process v2 that are compiled once for the whole program
// (…_SEPARATE_COMPILATION). Header-only, Process v2 of Boost 1.81 leaves a symbol undefined.
#include <boost/asio/detail/throw_error.hpp>  // Process v2 of Boost 1.81 lacks this include
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/process/v2/src.hpp>
