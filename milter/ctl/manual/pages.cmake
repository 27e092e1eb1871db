# Writes the manual: ${PROGRAM} into ${FOLDER}, and each page from scdoc's form into man's.
# A page or completion of a command that is no more goes first.
file(REMOVE_RECURSE ${FOLDER})
execute_process(COMMAND ${PROGRAM} ${FOLDER} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB sources RELATIVE ${FOLDER}/scdoc ${FOLDER}/scdoc/*.scd)
foreach(source ${sources})
  string(REGEX REPLACE "\\.scd$" "" page ${source})
  string(REGEX REPLACE ".*\\." "" section ${page})
  file(MAKE_DIRECTORY ${FOLDER}/man/man${section})
  execute_process(COMMAND ${SCDOC} INPUT_FILE ${FOLDER}/scdoc/${source}
                  OUTPUT_FILE ${FOLDER}/man/man${section}/${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
