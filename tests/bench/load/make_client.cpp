#include <stdexcept>

#include "bench/load/rest_client.hpp"
#include "bench/load/sse_client.hpp"
#include "bench/load/streamable_client.hpp"

namespace sidecar::bench {

std::unique_ptr<Client> make_client(const Target& target, Loop& loop, std::size_t index,
                                    ClientOwner& owner) {
  switch (target.transport) {
    case Transport::kSse:
      return std::make_unique<SseClient>(target, loop, index, owner);
    case Transport::kStreamable:
      return std::make_unique<StreamableClient>(target, loop, index, owner);
    case Transport::kRest:
      return std::make_unique<RestClient>(target, loop, index, owner);
    case Transport::kDirect:
      break;
  }
  throw std::logic_error("a direct client needs its child");
}

}  // namespace sidecar::bench
