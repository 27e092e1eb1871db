// SPDX-License-Identifier: Apache-2.0
//
// SuppressionRecords: looking at the list as a whole, for people: what there is, and how it came.
// Judging mail goes through SuppressionList.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/suppression_writer.h"

namespace icm {

// An entry with the deed that put it there, and the one that ended it.
struct Recorded {
  Suppression entry;
  Deed added;
  std::optional<Deed> ended;  // absent as long as the entry stands
  bool operator==(const Recorded&) const = default;
};

// All that are set must hold.
struct RecordFilter {
  enum class Expiry { in_force, expired };
  Expiry expiry = Expiry::in_force;
  std::optional<SuppressionReason> reason;
  std::optional<std::string> scope;
  std::optional<Domain> domain;   // exactly, not those below it
  std::optional<WallTime> since;  // created then or later
};

// One connection; not synchronised. Never changes the list, and never makes one.
class SuppressionRecords {
 public:
  [[nodiscard]] static Result<SuppressionRecords> open(const std::string& path, Deadline deadline);

  // What stands about these addresses (Mailbox::key()), expired entries included, by address,
  // scope and reason; and what stood before, the latest end first.
  [[nodiscard]] Result<std::vector<Recorded>> standing(const std::vector<std::string>& addresses);
  [[nodiscard]] Result<std::vector<Recorded>> past(const std::vector<std::string>& addresses);

  // Hands every entry that the filter lets through to `visit`, by address, scope and reason, as of
  // one moment: what others write meanwhile is not seen. Takes no memory that grows with the list.
  [[nodiscard]] Status each(const RecordFilter& filter, WallTime now,
                            const std::function<void(const Suppression&)>& visit);

 private:
  explicit SuppressionRecords(Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<std::vector<Recorded>> recorded(std::string_view sql,
                                                       const std::vector<std::string>& addresses);
  Database database_;
};

}  // namespace icm
