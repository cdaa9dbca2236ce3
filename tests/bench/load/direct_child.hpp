// DirectChild: a stdio server without a sidecar, which is the limit for any sidecar. Its clients
// share the child's two pipes, like sessions behind a sidecar.
#pragma once

#include <sys/types.h>
#include <vector>

#include "bench/load/client.hpp"
#include "bench/net/stream.hpp"

namespace sidecar::bench {

class DirectClient;

class DirectChild : private StreamSink {
 public:
  // Errors: throws if the program cannot be started.
  DirectChild(Loop& loop, const std::vector<std::string>& command);
  // Closes its stdin and waits for its end.
  ~DirectChild() override;

  std::unique_ptr<Client> make_client(std::size_t index, ClientOwner& owner);

 private:
  friend class DirectClient;

  void open(DirectClient& client);
  void send(std::string_view text);
  void on_bytes(std::string_view bytes) override;
  void on_closed(const std::string& why) override;
  void on_line(std::string_view line);

  Loop& loop_;
  pid_t pid_ = -1;
  std::unique_ptr<Stream> stdin_;
  std::unique_ptr<Stream> stdout_;
  std::string line_;   // the incomplete line
  std::string batch_;  // messages caused by the lines of one read, written at once
  bool batching_ = false;
  std::vector<DirectClient*> clients_;
  std::vector<DirectClient*> opening_;  // waiting for the handshake
  bool ready_ = false;                  // the handshake is done
};

}  // namespace sidecar::bench
