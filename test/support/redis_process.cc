// SPDX-License-Identifier: Apache-2.0
#include "test/support/redis_process.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "test/support/daemon_process.h"
#include "test/support/scenario_text.h"

extern char** environ;

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 90s;
constexpr const char* program = "/usr/bin/redis-server";

pid_t spawn(const std::string& config_file, RedisProcess::Kind kind, const std::string& log_file) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::string arguments[] = {"redis-server", config_file, "--sentinel"};
  char* argv[] = {arguments[0].data(), arguments[1].data(),
                  kind == RedisProcess::Kind::sentinel ? arguments[2].data() : nullptr, nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program, &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(fmt::format("{}: {}", program, std::strerror(error)));
  return pid;
}

}  // namespace

void await(const std::string& what, const std::function<bool()>& is_so) {
  const Deadline deadline = Deadline::in(patience);
  while (!is_so()) {
    if (deadline.passed()) throw std::runtime_error("waited in vain: " + what);
    std::this_thread::sleep_for(10ms);
  }
}

RedisOptions patient_options() {
  RedisOptions options;
  options.timeout = patience;
  return options;
}

RedisProcess::RedisProcess(const std::string& settings, Kind kind) : kind_(kind) {
  // Between looking for a free port and the server's taking it, another program may.
  for (int i = 0; i < 5; ++i) {
    port_ = free_port();
    std::string text =
        fmt::format("bind 127.0.0.1\nport {}\ndir {}\n", port_, directory_.path().string());
    if (kind == Kind::server) text += "save \"\"\n";
    if (settings.find("cluster-enabled yes") != std::string::npos) {
      text += fmt::format("cluster-port {}\n", free_port());  // else 10000 above ours
    }
    directory_.write("redis.conf", text + settings);
    if (try_start()) return;
  }
  throw std::runtime_error("redis-server does not answer; it said:\n" +
                           read_text_file(directory_.path() / "log").value_or(""));
}

RedisProcess::~RedisProcess() { stop(); }

RedisAddress RedisProcess::address() const {
  return RedisAddress::parse(fmt::format("127.0.0.1:{}", port_)).value();
}

bool RedisProcess::is_ours(const RedisReply& info) const {
  return info.text.find("process_id:") == std::string::npos ||
         info.text.find(fmt::format("process_id:{}\r\n", pid_)) != std::string::npos;
}

bool RedisProcess::try_start() {
  pid_ = spawn(directory_.path() / "redis.conf", kind_, directory_.path() / "log");
  const Deadline deadline = Deadline::in(patience);
  for (;;) {
    auto connection = RedisConnection::open(address(), {}, Deadline::in(1s));
    // Whoever wants a password answers, too; whoever still loads is not there yet.
    if (connection) {
      const auto replies = connection->exchange({{"PING"}, {"INFO", "server"}}, Deadline::in(1s));
      if (replies && !(*replies)[0].is_error("LOADING") && is_ours((*replies)[1])) return true;
    }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    if (deadline.passed()) {
      stop();
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
}

void RedisProcess::start() {
  // Meanwhile another test may have taken the port.
  await("redis-server starts again", [this] { return try_start(); });
}

void RedisProcess::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void RedisProcess::freeze() { ::kill(pid_, SIGSTOP); }
void RedisProcess::thaw() { ::kill(pid_, SIGCONT); }

RedisReply RedisProcess::ask(const RedisCommand& command, const RedisLogin& login) const {
  auto connection = RedisConnection::open(address(), login, Deadline::in(patience));
  if (!connection) throw std::runtime_error(connection.error().text);
  auto replies = connection->exchange({command}, Deadline::in(patience));
  if (!replies) throw std::runtime_error(replies.error().text);
  return replies->front();
}

SentinelTrio::SentinelTrio() {
  master = std::make_unique<RedisProcess>();
  replica = std::make_unique<RedisProcess>(
      fmt::format("replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0\n", master->port()));
  await("the replica is in step", [&] {
    return replica->ask({"INFO", "replication"}).text.find("master_link_status:up") !=
           std::string::npos;
  });
  for (int i = 0; i < 3; ++i) {
    sentinels.push_back(
        std::make_unique<RedisProcess>(fmt::format("sentinel monitor mail 127.0.0.1 {} 2\n"
                                                   "sentinel down-after-milliseconds mail 300000\n"
                                                   "sentinel failover-timeout mail 3000\n",
                                                   master->port()),
                                       RedisProcess::Kind::sentinel));
  }
  for (const auto& sentinel : sentinels) {
    await("the Sentinels know each other and the replica", [&] {
      const std::string info = sentinel->ask({"INFO", "sentinel"}).text;
      return info.find("slaves=1,sentinels=3") != std::string::npos;
    });
  }
}

void SentinelTrio::allow_failover() const {
  for (const auto& sentinel : sentinels) {
    sentinel->ask({"SENTINEL", "SET", "mail", "down-after-milliseconds", "500"});
  }
}

RedisOptions SentinelTrio::options() const {
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::sentinel;
  options.master_name = "mail";
  for (const auto& sentinel : sentinels) options.servers.push_back(sentinel->address());
  return options;
}

RedisClusterNodes::RedisClusterNodes(Replica replica) {
  const int count = replica == Replica::none ? 3 : 4;
  for (int i = 0; i < count; ++i) {
    nodes.push_back(std::make_unique<RedisProcess>(
        "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 300000\n"
        "repl-diskless-sync-delay 0\n"));
  }
  const char* ranges[][2] = {{"0", "5460"}, {"5461", "10922"}, {"10923", "16383"}};
  for (std::size_t i = 0; i < 3; ++i) {
    nodes[i]->ask({"CLUSTER", "ADDSLOTSRANGE", ranges[i][0], ranges[i][1]});
  }
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const std::string port = fmt::format("{}", nodes[0]->port());
    const std::string info = nodes[0]->ask({"CLUSTER", "NODES"}).text;
    const std::size_t bus = info.find('@');
    nodes[i]->ask({"CLUSTER", "MEET", "127.0.0.1", port,
                   info.substr(bus + 1, info.find_first_of(" ,", bus) - bus - 1)});
  }
  for (const auto& node : nodes) {
    await("the cluster stands", [&] {
      const std::string info = node->ask({"CLUSTER", "INFO"}).text;
      return info.find("cluster_state:ok") != std::string::npos &&
             info.find(fmt::format("cluster_known_nodes:{}", count)) != std::string::npos;
    });
  }
  if (replica == Replica::none) return;
  const std::string first = nodes[0]->ask({"CLUSTER", "MYID"}).text;
  await("the fourth may follow the first", [&] {
    return nodes[3]->ask({"CLUSTER", "REPLICATE", first}).kind == RedisReply::Kind::status;
  });
  await("the replica is in step", [&] {
    return nodes[3]->ask({"INFO", "replication"}).text.find("master_link_status:up") !=
           std::string::npos;
  });
}

void RedisClusterNodes::allow_failover() const {
  for (const auto& node : nodes) node->ask({"CONFIG", "SET", "cluster-node-timeout", "1000"});
}

RedisOptions RedisClusterNodes::options() const {
  RedisOptions options = patient_options();
  options.mode = RedisOptions::Mode::cluster;
  for (const auto& node : nodes) options.servers.push_back(node->address());
  return options;
}

}  // namespace icm
