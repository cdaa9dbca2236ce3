// Any forwarded fields give an address, and a client's own entry never hides the one that a trusted
// proxy appended. The first byte chooses the field, the rest is its value.
#include "access/forwarded.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"

using namespace sidecar;
using fuzz::require;

namespace {

constexpr std::string_view kProxy = "10.0.0.9";
constexpr std::string_view kClient = "198.51.100.17";

access::ForwardedFields only(unsigned field, std::string_view value) {
  if (field == 0) return {value, {}, {}};
  if (field == 1) return {{}, value, {}};
  return {{}, {}, value};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto trusted = access::AddressSet::parse({"10.0.0.0/8", "::1"}).value();
  if (size < 1) return 0;
  const unsigned field = data[0] % 3;
  const std::string value(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto client = access::client_address(kProxy, only(field, value), trusted);
  const auto address = access::parse_address(client.text);
  require(address.has_value(), "the client has an address");
  require(client.unsaid == value.empty(), "only without any field nothing is said");
  require(!client.unsaid || client.text == kProxy, "what is not said is the peer's");
  if (client.hidden) require(trusted.contains(*address), "whoever hides is behind a trusted proxy");
  require(access::client_address("192.0.2.1", only(field, value), trusted).text == "192.0.2.1",
          "a peer that is not trusted is believed nothing");

  const std::string told = value + (field == 1 ? ", for=" : ", ") + std::string(kClient);
  const auto named = access::client_address(kProxy, only(field, told), trusted);
  require(named.text == kClient && !named.hidden,
          "what the proxy put last counts, whatever stands before");

  std::string_view rest = value;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    access::take_last_parameter(rest, "for");
    require(rest.size() < before, "each element makes the rest shorter");
  }
  return 0;
}
