// SPDX-License-Identifier: Apache-2.0
#include "milter/key_watch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "policy/auth/key_record.h"
#include "policy/base/text.h"

namespace icm {
namespace {

using State = KeyPublication::State;

constexpr std::chrono::seconds wait_for_answer{20};
constexpr std::chrono::hours longest_pause{1};
constexpr std::size_t longest_line = 4000;  // room for the record of an RSA key of 8192 bits

}  // namespace

KeyWatch::KeyWatch(Log& log, const Clock& clock, std::chrono::milliseconds first_pause)
    : log_(log), clock_(clock), first_pause_(first_pause), thread_([this] { run(); }) {}

KeyWatch::~KeyWatch() {
  {
    const std::scoped_lock lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void KeyWatch::look_at(std::shared_ptr<const World> world) {
  {
    const std::scoped_lock lock(mutex_);
    order_ = {.world = std::move(world), .number = order_.number + 1};
  }
  wake_.notify_all();
}

std::vector<WatchedKey> KeyWatch::known() const {
  const std::scoped_lock lock(mutex_);
  std::vector<WatchedKey> keys;
  if (seen_ != order_.number) return keys;  // of another World
  for (const auto& [name, key] : known_) keys.push_back(key);
  return keys;
}

void KeyWatch::run() {
  Keys before;  // what was known of the keys of the order before
  std::chrono::milliseconds pause = first_pause_;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stops_ || order_.number != seen_; });
    if (stops_) return;
    before = std::exchange(known_, {});
    pause = first_pause_;
    seen_ = order_.number;
    const auto is_overtaken = [&] { return stops_ || order_.number != seen_; };
    for (bool is_complete = false; !is_complete && !is_overtaken();) {
      const Order order = order_;
      lock.unlock();
      is_complete = compare(order, before);
      lock.lock();
      if (is_complete || is_overtaken()) break;
      wake_.wait_for(lock, pause, is_overtaken);
      pause = std::min<std::chrono::milliseconds>(2 * pause, longest_pause);
    }
    if (order_.number == seen_) order_.world = nullptr;
  }
}

// Asks for what is not known yet. False when something still is not.
bool KeyWatch::compare(const Order& order, const Keys& before) {
  bool is_complete = true;
  Resolver& resolver = order.world->auth_sources().resolver;
  for (const SealingKey& key : order.world->sealing_keys().all()) {
    const std::string name = key_name(key.domain, key.selector);
    {
      const std::scoped_lock lock(mutex_);
      if (stops_ || order_.number != order.number) return false;
      const auto known = known_.find(name);
      if (known != known_.end() && known->second.publication.state != State::unknown) continue;
    }
    const WatchedKey found{
        .file = key.file,
        .publication = check_publication(key.domain, key.selector, key.key.public_key(), resolver,
                                         Deadline::in(wait_for_answer)),
        .checked = clock_.now()};
    is_complete = is_complete && found.publication.state != State::unknown;
    {
      const std::scoped_lock lock(mutex_);
      if (stops_ || order_.number != order.number) return false;
      known_.insert_or_assign(name, found);
    }
    tell(found, key, before);
  }
  return is_complete;
}

void KeyWatch::tell(const WatchedKey& found, const SealingKey& key, const Keys& before) {
  const KeyPublication& publication = found.publication;
  const auto say = [&](LogLevel level, const std::string& text) {
    log_.say(level, for_log(fmt::format("key {}: {}", publication.name, text), longest_line));
  };
  if (publication.state == State::unknown) {
    return say(LogLevel::warning, fmt::format("not compared with {}: {}; asked again later",
                                              found.file, publication.problem));
  }
  if (publication.state != State::match) {
    return say(
        LogLevel::warning,
        fmt::format("{}; receivers cannot rely on seals made with {}. Publish this alone: {}",
                    publication.problem, found.file,
                    zone_line(publication.name, key_record(key.key))));
  }
  const auto earlier = before.find(publication.name);
  const bool is_old = earlier != before.end() && earlier->second.file == found.file &&
                      earlier->second.publication == publication;
  if (is_old) return;
  say(LogLevel::info,
      fmt::format("the DNS has the one of {} ({})", found.file, publication.key_size));
}

}  // namespace icm
