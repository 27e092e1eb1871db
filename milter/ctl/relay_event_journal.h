// SPDX-License-Identifier: Apache-2.0
//
// RelayEventJournal: which of Apple's events were dealt with, and up to when it is known of each
// person whether his relay address is on. A file beside the store, a line an event:
//   event-id TAB milliseconds since 1970 TAB type TAB subject
// It names people as Apple does to this developer, not by their addresses.
#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"
#include "policy/unsubscribe/relay_event.h"

namespace icm::ctl {

// Held by one process at a time; not synchronised.
class RelayEventJournal {
 public:
  // Makes the file where there is none; waits until `deadline` for another import to end. A last
  // line without its end is that of an import that died: it is cut off, and its event comes again.
  [[nodiscard]] static Result<RelayEventJournal> open(const std::string& path, Deadline deadline);

  bool knows(const RelayEvent& event) const { return ids_.contains(event.id); }

  // Whether a later event about this person's address was dealt with already. Events may come in
  // any order.
  bool is_outdated(const RelayEvent& event) const;

  // Written when this returns, kept by the disk when sync() has.
  [[nodiscard]] Status note(const RelayEvent& event);
  [[nodiscard]] Status sync();

 private:
  explicit RelayEventJournal(std::string path, UniqueFd file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Status load();
  void remember(std::string_view line);

  std::string path_;
  UniqueFd file_;
  std::unordered_set<std::string> ids_;
  std::map<std::string, std::int64_t, std::less<>> latest_;  // by subject
};

}  // namespace icm::ctl
