// SPDX-License-Identifier: Apache-2.0
//
// The file in which a SnapshotKeeper leaves its snapshot for the next run, written beside all else.
#include <utility>

#include <fmt/format.h>

#include "policy/store/snapshot_file.h"
#include "policy/store/snapshot_keeper.h"

namespace icm {

void SnapshotKeeper::set_file_problem(std::string problem) {
  file_problem_.with([&](std::string& known) { known = std::move(problem); });
}

// What another host writes meanwhile must not wait for a disk.
void SnapshotKeeper::begin_writing(std::shared_ptr<const AddressSnapshot> snapshot) {
  is_unwritten_ = is_writing();
  if (is_unwritten_) return;
  is_saved_ = false;
  if (file_.empty()) return;
  writing_ = std::async(std::launch::async,
                        [this, snapshot = std::move(snapshot)] { write_file(*snapshot); });
}

void SnapshotKeeper::write_file(const AddressSnapshot& snapshot) {
  const Status written = SnapshotFile::write(file_, snapshot);
  if (written) {
    is_saved_ = true;
    return set_file_problem({});
  }
  const bool is_news = file_problem_.with([&](std::string& known) {
    return std::exchange(known, written.error().text) != written.error().text;
  });
  if (is_news) {
    say(StoreNotice::Grade::warning,
        fmt::format("{}; after a restart the list is read from the store again",
                    written.error().text));
  }
}

}  // namespace icm
