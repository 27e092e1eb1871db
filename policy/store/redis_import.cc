// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_import.h"

#include <map>

#include <fmt/format.h>

#include "policy/store/import_count.h"
#include "policy/store/packed_record.h"
#include "policy/store/redis_causes.h"

namespace icm {
namespace {

constexpr std::chrono::seconds patience{30};  // for one batch
constexpr int most_attempts = 100;            // of one batch, while others write the same addresses

}  // namespace

Status RedisImport::stage(const Suppression& entry) {
  ICM_CHECK(check_entry(entry));
  return stage_.put(packed(entry));
}

Result<std::vector<Suppression>> RedisImport::next_batch() {
  ICM_TRY(const std::vector<std::string> records, stage_.take());
  std::vector<Suppression> batch;
  for (const std::string& record : records) batch.push_back(unpacked_entry(record));
  return batch;
}

Result<ImportCount> RedisImport::commit(const Deed& deed, Deadline,
                                        const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(stage_.sort());
  ImportCount count;
  while (stage_.taken() < stage_.size()) {
    const std::uint64_t done = stage_.taken();
    ICM_TRY(const std::vector<Suppression> batch, next_batch());
    if (const Status written = write(batch, deed, count); !written) {
      return stage_.broken_off(written.error(), done);
    }
    if (progress) progress(stage_.taken());
  }
  if (!deed_) return count;
  if (!is_written_) {
    ICM_CHECK(shelf_.withdraw(*deed_, Deadline::in(patience)));
    return count;
  }
  count.import = *deed_;
  const auto entries = static_cast<std::int64_t>(count.added + count.changed);
  ICM_CHECK(shelf_.write_again(*deed_, {deed, entries}, Deadline::in(patience)));
  return count;
}

// Entries of one address follow each other; what others changed meanwhile is worked out again.
Status RedisImport::write(const std::vector<Suppression>& batch, const Deed& deed,
                          ImportCount& count) {
  std::map<std::string, std::vector<const Suppression*>> open;
  for (const Suppression& entry : batch) open[entry.address].push_back(&entry);
  for (int attempt = 0; attempt < most_attempts && !open.empty(); ++attempt) {
    const Deadline deadline = Deadline::in(patience);
    std::vector<std::string> addresses;
    for (const auto& [address, entries] : open) addresses.push_back(address);
    ICM_TRY(const auto standing, shelf_.standing(addresses, deadline));
    if (!deed_) {
      ICM_TRY(deed_, shelf_.record(deed, deadline));
    }
    std::vector<AddressChange> changes;
    std::vector<ImportCount> counts;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      AddressChange change = AddressChange::of(addresses[i], standing[i]);
      ImportCount here;
      for (const Suppression* entry : open.at(addresses[i])) {
        icm::count(put_entry(change, *entry, *deed_, deed.at), here);
      }
      is_written_ = is_written_ || change.is_any();
      changes.push_back(std::move(change));
      counts.push_back(here);
    }
    ICM_CHECK(forget_causes(shelf_, changes, Deadline::in(patience)));
    ICM_TRY(const std::vector<bool> made, shelf_.change(changes, Deadline::in(patience)));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!made[i]) continue;
      count.added += counts[i].added;
      count.changed += counts[i].changed;
      count.unchanged += counts[i].unchanged;
      open.erase(changes[i].address);
    }
  }
  if (open.empty()) return {};
  return fail(Code::temporary,
              fmt::format("{}: others keep changing the same addresses", shelf_.text()));
}

}  // namespace icm
