// SPDX-License-Identifier: Apache-2.0
//
// OtherUser: what another user of this host may do, found out by being that user for a moment. Only
// root can.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace icm::ctl::doctor {

// Immutable.
class OtherUser {
 public:
  // With every group that the user is in. The Error says that there is none.
  [[nodiscard]] static Result<OtherUser> named(const std::string& name);
  [[nodiscard]] static Result<OtherUser> of(uid_t user);

  static bool can_be_tried();  // whether this process is root

  const std::string& name() const { return name_; }

  // Connects to a unix socket, the way a process does that lives in `root` ("": not in a chroot)
  // with `directory` as its working directory, both as seen from there. 0, or what was in the way
  // (errno); ETIMEDOUT at `deadline`.
  int connect_error(const std::string& root, const std::string& directory, const std::string& path,
                    Deadline deadline) const;

  // The first of the directories above a path, as seen from `root` and `directory` (above), that it
  // may not pass; empty: there is none.
  std::string first_impassable(const std::string& root, const std::string& directory,
                               const std::string& path, Deadline deadline) const;

  // What access(2) with this mode (W_OK | X_OK) says to it: 0 or errno.
  int access_error(const std::string& path, int mode, Deadline deadline) const;

 private:
  OtherUser(std::string name, uid_t user, gid_t group, std::vector<gid_t> groups)
      : name_(std::move(name)), user_(user), group_(group), groups_(std::move(groups)) {}

  template <class Deed>
  int try_as_child(Deadline deadline, const std::string& root, Deed deed) const;

  std::string name_;
  uid_t user_;
  gid_t group_;
  std::vector<gid_t> groups_;
};

}  // namespace icm::ctl::doctor
