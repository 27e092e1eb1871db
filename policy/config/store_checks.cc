// SPDX-License-Identifier: Apache-2.0
#include "policy/config/store_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

bool is_master_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

class StoreChecker {
 public:
  StoreChecker(const Config& config, const ConfigPlaces& places)
      : config_(config), store_(config.store), redis_(config.store.redis), places_(places) {}

  std::vector<CheckFinding> all() {
    if (store_.path.empty()) error("store.path", "expected an absolute path, got \"\"");
    if (places_.unread("store.kind")) return std::move(findings_);
    if (store_.kind == StoreKind::sqlite) {
      if (redis_ != RedisConfig()) {
        warning("store.redis", "has no effect: store.kind is sqlite");
      }
      return std::move(findings_);
    }
    if (!places_.unread("store.redis.mode")) mode();
    servers();
    login();
    if (redis_.timeout >= config_.limits.message_deadline) {
      warning("store.redis.timeout",
              fmt::format("a message is judged for {} at most (limits.message_deadline), so one "
                          "answer that is late leaves no time for another",
                          to_span(config_.limits.message_deadline)));
    }
    return std::move(findings_);
  }

 private:
  void error(std::string_view path, std::string_view text) {
    add(Severity::error, path, path, text);
  }
  void warning(std::string_view path, std::string_view text) {
    add(Severity::warning, path, path, text);
  }
  void add(Severity severity, std::string_view place, std::string_view option,
           std::string_view text) {
    findings_.push_back({severity, places_.of(place), fmt::format("{}: {}", option, text)});
  }

  void mode() {
    const bool is_sentinel = redis_.mode == RedisMode::sentinel;
    if (is_sentinel && !places_.unread("store.redis.master_name") &&
        !is_master_name(redis_.master_name)) {
      error("store.redis.master_name",
            fmt::format("expected what the Sentinels call the master, in letters, digits, "
                        "hyphens, underscores and dots, got \"{}\"",
                        for_log(redis_.master_name)));
    }
    if (!is_sentinel && !redis_.master_name.empty()) {
      warning("store.redis.master_name", "has no effect: store.redis.mode is not sentinel");
    }
    if (redis_.mode == RedisMode::single && redis_.servers.size() > 1) {
      add(Severity::error, "store.redis.servers[2]", "store.redis.servers",
          "mode single has one server; write mode: sentinel or mode: cluster for several");
    }
    if (redis_.mode == RedisMode::single) return;
    for (std::size_t i = 0; i < redis_.servers.size(); ++i) {
      if (redis_.servers[i].address) continue;
      add(Severity::error, fmt::format("store.redis.servers[{}]", i + 1), "store.redis.servers",
          "expected IP addresses, since Sentinels and the nodes of a cluster name each other by "
          "these");
    }
  }

  void servers() {
    if (places_.unread("store.redis.servers")) return;
    if (redis_.servers.empty()) {
      error("store.redis.servers",
            "none, and store.kind is redis: write the address of one, as [\"127.0.0.1\"]");
    }
    for (std::size_t i = 0; i < redis_.servers.size(); ++i) {
      const auto end = redis_.servers.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(redis_.servers.begin(), end, redis_.servers[i]) == end) continue;
      add(Severity::error, fmt::format("store.redis.servers[{}]", i + 1), "store.redis.servers",
          fmt::format("{} stands there twice", redis_.servers[i].text()));
    }
  }

  void login() {
    if (!redis_.user_file.empty() && redis_.password_file.empty() &&
        !places_.unread("store.redis.password_file")) {
      error("store.redis.password_file", "expected a file, since store.redis.user_file is given");
    }
    const bool is_open = std::any_of(redis_.servers.begin(), redis_.servers.end(),
                                     [](const RedisAddress& server) { return !server.is_local(); });
    if (!is_open || !redis_.password_file.empty() || places_.unread("store.redis.password_file")) {
      return;
    }
    warning("store.redis.password_file",
            "none, so whoever reaches the server over the network may read and change the list");
  }

  const Config& config_;
  const StoreConfig& store_;
  const RedisConfig& redis_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_store(const Config& config, const ConfigPlaces& places) {
  return StoreChecker(config, places).all();
}

}  // namespace icm
