// SPDX-License-Identifier: Apache-2.0
//
// SnapshotFile: an AddressSnapshot from one run of the daemon to the next.
//
// The file only spares reading the whole store again, so it is never believed without proof and
// never needed: what is not right about it is an Error, and the snapshot is made anew. It is read
// into memory whole, not mapped: what was verified is then what is used, and a file that is cut
// short later harms nobody.
//
//   header    magic, version, key of the hashes, sizes of what follows, checksum of what follows,
//             checksum of the header
//   cursor    where the source reads on; it also says which store this is
//   scopes    their names, each with a newline behind it
//   records   as in memory, in the byte order of the machine
#pragma once

#include <string>

#include "policy/store/address_snapshot.h"

namespace icm {

class SnapshotFile {
 public:
  // Reads and verifies all of it: owner, sizes, checksums. Refused, with Code::permanent: a file
  // that is no snapshot, is of another version or machine, is cut short, too long or damaged, or
  // that others than this user and root could have written. Code::temporary: it cannot be read.
  [[nodiscard]] static Result<AddressSnapshot> read(const std::string& path);

  // Whether there is anything at `path`.
  static bool is_there(const std::string& path);

  // Replaces the file by rename, so that a reader finds the old one or the new one, readable by
  // owner and group. Not synced: after a power cut there may be a damaged one, which read()
  // refuses.
  [[nodiscard]] static Status write(const std::string& path, const AddressSnapshot& snapshot);

 private:
  struct Header;
  [[nodiscard]] static Result<Header> read_header(int file, const std::string& path);
};

}  // namespace icm
