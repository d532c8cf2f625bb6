import type { Handler } from 'lambdabin'

const users = ['ada', 'grace']

export const list: Handler = async () => ({ users })

export const count: Handler = async () => ({ users: users.length })
