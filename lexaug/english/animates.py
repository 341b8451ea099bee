"""English nouns for people and animals: in many languages they agree otherwise than things do.

>>> is_animate("dog"), is_animate("teachers"), is_animate("wives"), is_animate("river")
(True, True, True, False)

A closed list from general knowledge. A noun that is not in it counts as a thing.
"""

from __future__ import annotations

import re

from lexaug.english.closed_class import singular

_PEOPLE = (
    "accountant activist actor adult ambassador analyst ancestor angel apostle apprentice"
    " architect artist athlete aunt author baby bachelor baker banker beggar believer bishop"
    " blacksmith boss boy boyfriend bride brother builder butcher buyer candidate captain"
    " carpenter cashier chairman chairperson champion chief child citizen clerk client coach"
    " colleague colonel comedian commander composer comrade consumer cook councillor cousin"
    " customer dancer daughter dentist deputy descendant devil director disciple doctor driver"
    " drummer economist editor elder electrician employee enemy engineer expert fan farmer father"
    " fighter fisher fisherman follower foreigner friend gardener gentleman ghost girl girlfriend"
    " god governor graduate grandchild granddaughter grandfather grandmother grandson guard guest"
    " guide guitarist healer heir herbalist herder hero historian human hunter husband imam infant"
    " inhabitant journalist judge kid king lady landlord lawyer leader learner lecturer listener"
    " lover maid man manager mayor mechanic member merchant messenger midwife miner minister monk"
    " mother musician neighbor neighbour nephew newborn niece novelist nun nurse officer opponent"
    " orphan owner parent partner passenger pastor patient person pharmacist philosopher"
    " photographer pilot player plumber poet policeman politician potter president priest prince"
    " princess prisoner professor programmer prophet protester pupil queen reader rebel referee"
    " refugee relative reporter researcher resident ruler sailor scholar scientist secretary"
    " seller senator sergeant servant shepherd sibling singer sister slave soldier son speaker"
    " specialist spouse stepfather stepmother stranger student surgeon tailor teacher technician"
    " teenager tenant therapist thief toddler tourist trader trainee trainer translator traveler"
    " traveller tutor twin uncle vendor victim viewer villager visitor volunteer voter weaver"
    " widow widower wife winner witch witness wizard woman worker writer youth"
)
_ANIMALS = (
    "animal ant antelope ape bat bear bee beetle bird buffalo bull butterfly calf camel cat"
    " cattle chick chicken cock cockroach cow crab crocodile crow deer dog dolphin donkey dove"
    " duck eagle elephant fish fly fox frog giraffe goat goose gorilla hare hawk hen hippopotamus"
    " horse hyena insect jackal kitten lamb leopard lice lion lizard locust louse monkey mosquito"
    " mouse mule ostrich owl ox parrot pig pigeon puppy rabbit ram rat rhinoceros rooster scorpion"
    " shark sheep snail snake spider tick tiger tortoise turtle vulture whale wolf worm zebra"
)
_MEN = re.compile(r"^(police|fisher|gentle)men$")
ANIMATES = (
    frozenset(_PEOPLE.split()) | frozenset(_ANIMALS.split()) | {"people", "police", "grandchildren"}
)


def is_animate(noun: str) -> bool:
    """Whether a noun, in either number, is a person's or an animal's; in small letters."""
    noun = _MEN.sub(r"\1man", noun)
    return noun in ANIMATES or singular(noun) in ANIMATES
