// SPDX-License-Identifier: Apache-2.0
//
// TtlCache: parsed objects (keys, records) kept as long as the DNS allows, and not too many.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace icm {

// Safe from any thread. Values are immutable and shared; a reader keeps what it got however long
// it likes. When full, the entry that was used longest ago goes.
template <class Value>
class TtlCache {
 public:
  using Time = std::chrono::steady_clock;

  explicit TtlCache(std::size_t max_entries) : max_entries_(max_entries) {}

  // nullptr when nothing is known that still holds.
  std::shared_ptr<const Value> find(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    if (found->second->until <= Time::now()) {
      entries_.erase(found->second);
      index_.erase(found);
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  // A value with no time to live is not kept.
  void store(const std::string& key, std::shared_ptr<const Value> value, std::chrono::seconds ttl) {
    if (ttl <= std::chrono::seconds{0}) return;
    const std::scoped_lock lock(mutex_);
    if (const auto old = index_.find(key); old != index_.end()) {
      entries_.erase(old->second);
      index_.erase(old);
    }
    entries_.push_front({key, std::move(value), Time::now() + ttl});
    index_[key] = entries_.begin();
    if (entries_.size() <= max_entries_) return;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    Time::time_point until;
  };
  const std::size_t max_entries_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> index_;
};

}  // namespace icm
