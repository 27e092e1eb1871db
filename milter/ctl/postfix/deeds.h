// SPDX-License-Identifier: Apache-2.0
//
// Attaching and detaching: the files of an instance change, both or none, and Postfix is told.
#pragma once

#include <functional>
#include <string>

#include "milter/ctl/postfix/attachment.h"
#include "milter/ctl/postfix/site_reader.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl::postfix {

// Gets each step that was done, a sentence.
using Tell = std::function<void(const std::string&)>;

enum class Proof {
  probe,  // ask the gate, and take everything back when our daemon does not answer
  none,
};

// Keeps others of our kind off an instance until it is let go. Code::temporary while one is at
// work.
[[nodiscard]] Result<UniqueFd> lock_instance(const PostfixPrograms& programs);

// What an attaching needs to know, read under the lock.
struct Work {
  const PostfixPrograms& programs;
  const SiteFiles& files;
  const Site& site;
  const Config& milter;
};

// Shows the new files to postconf first, then puts them in place, has Postfix check and read them,
// and probes the gate. An Error says why not, and that everything is as it was.
[[nodiscard]] Status attach(const Work& work, const std::vector<Insertion>& insertions,
                            const WiringOptions& options, Proof proof, const Tell& tell);

// Gives both files back as they were, or where they were edited since takes out what attach() put
// in; sentences about what could not be are told. Mail that has passed the gate is queued anew.
[[nodiscard]] Status detach(const PostfixPrograms& programs, const Attachment& attachment,
                            const Tell& tell);

}  // namespace icm::ctl::postfix
