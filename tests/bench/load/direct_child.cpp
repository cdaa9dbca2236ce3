#include "bench/load/direct_child.hpp"

#include <charconv>
#include <csignal>
#include <sys/wait.h>
#include <utility>

#include "bench/load/messages.hpp"
#include "bench/load/spawn.hpp"

namespace sidecar::bench {
namespace {

// The id of an answer, whose members may come in any order.
std::uint64_t id_of(std::string_view line) {
  static constexpr std::string_view kMember = R"("id":)";
  std::size_t at = line.substr(0, 512).find(kMember);
  if (at == std::string_view::npos) at = line.rfind(kMember);
  std::uint64_t id = 0;
  if (at != std::string_view::npos)
    std::from_chars(line.data() + at + kMember.size(), line.data() + line.size(), id);
  return id;
}

}  // namespace

// The child's table assigns answers by id, so the client only keeps its open call.
class DirectClient : public Client {
 public:
  DirectClient(DirectChild& child, std::size_t index, ClientOwner& client_owner)
      : Client(index, client_owner), child_(child) {}

  void open() override { child_.open(*this); }
  void call(const ToolCall& call) override {
    open_id_ = call.id;
    child_.send(call_text(call));
  }
  void close() override { owner().on_closed(*this); }

  void opened() { owner().on_opened(*this); }
  void told(std::string_view line) { owner().on_message(*this, line); }
  void failed(const std::string& why) { owner().on_failed(*this, why); }
  std::uint64_t open_id() const { return open_id_; }

 private:
  DirectChild& child_;
  std::uint64_t open_id_ = 0;
};

DirectChild::DirectChild(Loop& loop, const std::vector<std::string>& command) : loop_(loop) {
  std::signal(SIGPIPE, SIG_IGN);
  Piped piped = spawn_piped(command);
  pid_ = piped.pid;
  StreamSink& sink = *this;
  stdin_ = std::make_unique<Stream>(loop_, std::move(piped.to_stdin), sink, /*reads=*/false);
  stdout_ = std::make_unique<Stream>(loop_, std::move(piped.from_stdout), sink);
}

DirectChild::~DirectChild() {
  stdin_.reset();
  stdout_.reset();
  waitpid(pid_, nullptr, 0);
}

std::unique_ptr<Client> DirectChild::make_client(std::size_t index, ClientOwner& owner) {
  auto client = std::make_unique<DirectClient>(*this, index, owner);
  clients_.push_back(client.get());
  return client;
}

void DirectChild::open(DirectClient& client) {
  if (ready_) return client.opened();
  opening_.push_back(&client);
  if (opening_.size() == 1) send(initialize_text(handshake_id(0)));
}

void DirectChild::send(std::string_view text) {
  if (batching_) {
    batch_.append(text).push_back('\n');
    return;
  }
  if (stdin_) stdin_->send(text, "\n");
}

void DirectChild::on_bytes(std::string_view bytes) {
  batching_ = true;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      line_.append(bytes);
      break;
    }
    if (line_.empty()) {
      on_line(bytes.substr(0, end));
    } else {
      line_.append(bytes.substr(0, end));
      on_line(line_);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  batching_ = false;
  if (!batch_.empty() && stdin_) stdin_->send(batch_);
  batch_.clear();
}

void DirectChild::on_line(std::string_view line) {
  if (!ready_) {
    if (!is_answer_to(handshake_id(0), line)) return;
    ready_ = true;
    send(kInitialized);
    for (DirectClient* client : std::exchange(opening_, {})) client->opened();
    return;
  }
  // Calls have consecutive ids, with one open per client: with few clients the search takes few
  // steps.
  const std::uint64_t id = id_of(line);
  for (DirectClient* client : clients_) {
    if (client->open_id() == id) return client->told(line);
  }
  if (!is_from_server(line)) clients_.front()->told(line);  // ignored there
}

void DirectChild::on_closed(const std::string& why) {
  stdin_.reset();
  stdout_.reset();
  for (DirectClient* client : clients_) client->failed("the child: " + why);
}

}  // namespace sidecar::bench
