"""All answers by the name of the exercise."""

import answers_classical
import answers_deep
import answers_retrieval

ANSWERS = (answers_classical, answers_deep, answers_retrieval)
RIGHT = {name: own for module in ANSWERS for name, own in module.RIGHT.items()}
WRONG = {name: own for module in ANSWERS for name, own in module.WRONG.items()}
